import { formatRustFloat } from "../python/format-float";
import { isDict, isList, type PyDict, PyFloat, type PyValue } from "../python/values";

/** A JSON schema as the TypeScript type that the Harmony library writes for it. */
export function schemaToTypeScript(schema: PyValue, indent: string): string {
  const oneOf = listAt(schema, "oneOf");
  if (oneOf)
    return oneOf.map((variant) => `\n${indent} | ${variantType(variant, indent)}${variantComment(variant)}`).join("");
  const types = (listAt(schema, "type") ?? []).filter((type) => typeof type === "string");
  if (types.length > 0) return types.map((type) => (type === "integer" ? "number" : type)).join(" | ");
  switch (get(schema, "type")) {
    case "object":
      return objectType(schema as PyDict, indent);
    case "string":
      return (
        enumTexts(schema)
          .map((text) => `"${text}"`)
          .join(" | ") || "string"
      );
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "array": {
      const items = get(schema, "items");
      return items === undefined ? "Array<any>" : `${schemaToTypeScript(items, indent)}[]`;
    }
    default:
      return "any";
  }
}

function get(schema: PyValue, key: string): PyValue | undefined {
  return isDict(schema) ? schema.get(key) : undefined;
}

function listAt(schema: PyValue, key: string): PyValue[] | undefined {
  const value = get(schema, key);
  return isList(value) ? value : undefined;
}

function textAt(schema: PyValue, key: string): string | undefined {
  const value = get(schema, key);
  return typeof value === "string" ? value : undefined;
}

function enumTexts(schema: PyValue): string[] {
  return (listAt(schema, "enum") ?? []).filter((value) => typeof value === "string");
}

function nullable(schema: PyValue, type: string): string {
  return get(schema, "nullable") === true && !type.includes("null") ? `${type} | null` : type;
}

function variantType(variant: PyValue, indent: string): string {
  return nullable(variant, schemaToTypeScript(variant, `${indent}   `));
}

/** `default: …` of a schema; texts are quoted unless they name an enum's value. */
function defaultComment(schema: PyValue, quoteEnums = false): string | undefined {
  const value = get(schema, "default");
  if (value === undefined) return undefined;
  if (typeof value !== "string") return `default: ${compactJson(value)}`;
  const isEnum = (listAt(schema, "enum") ?? []).length > 0;
  return isEnum && !quoteEnums ? `default: ${value}` : `default: "${value}"`;
}

function variantComment(variant: PyValue): string {
  const description = textAt(variant, "description");
  const parts = [description, defaultComment(variant, true)].filter((part) => part !== undefined);
  return parts.length > 0 ? ` // ${parts.join(" ")}` : "";
}

function objectType(schema: PyDict, indent: string): string {
  const description = textAt(schema, "description");
  const properties = schema.get("properties");
  const required = new Set((listAt(schema, "required") ?? []).filter((name) => typeof name === "string"));
  const lines = isDict(properties)
    ? [...properties].map(([key, value]) =>
        property(`${String(key)}${required.has(String(key)) ? "" : "?"}`, value, indent),
      )
    : [];
  return `${description === undefined ? "" : `${indent}// ${description}\n`}{\n${lines.join("")}${indent}}`;
}

function property(name: string, schema: PyValue, indent: string): string {
  const title = textAt(schema, "title");
  const description = get(schema, "oneOf") === undefined ? textAt(schema, "description") : undefined;
  const head = [
    title === undefined ? "" : `${indent}// ${title}\n${indent}//\n`,
    description === undefined ? "" : `${indent}// ${description}\n`,
    examples(schema, indent),
  ].join("");
  const oneOf = listAt(schema, "oneOf");
  if (oneOf) return head + unionProperty(name, schema, oneOf, indent);
  const type = nullable(schema, schemaToTypeScript(schema, `${indent}    `));
  const comment = get(schema, "oneOf") === undefined ? defaultComment(schema) : undefined;
  return `${head}${indent}${name}: ${type},${comment === undefined ? "" : ` // ${comment}`}\n`;
}

function examples(schema: PyValue, indent: string): string {
  const list = listAt(schema, "examples") ?? [];
  if (list.length === 0) return "";
  const lines = list.filter((example) => typeof example === "string").map((example) => `${indent}// - "${example}"\n`);
  return `${indent}// Examples:\n${lines.join("")}`;
}

/** A property with `oneOf`: its description above, and one line for each variant. */
function unionProperty(name: string, schema: PyValue, variants: readonly PyValue[], indent: string): string {
  const description = textAt(schema, "description");
  const isRepeated = description !== undefined && textAt(variants[0] ?? null, "description") === description;
  const showsAbove = description !== undefined && !isRepeated;
  const comment = defaultComment(schema);
  const lines = variants.map((variant, i) => {
    const own = textAt(variant, "description");
    const shown = (i === 0 && showsAbove) || own === description ? undefined : own;
    const parts = [shown, defaultComment(variant)].filter((part) => part !== undefined);
    return `${indent} | ${variantType(variant, indent)}${parts.length > 0 ? ` // ${parts.join(" ")}` : ""}\n`;
  });
  return [
    showsAbove ? `${indent}// ${description}\n` : "",
    comment === undefined ? "" : `${indent}// ${comment}\n`,
    `${indent}${name}:\n`,
    ...lines,
    `${indent},\n`,
  ].join("");
}

/** JSON without spaces, as Rust's serde_json writes it. */
function compactJson(value: PyValue): string {
  if (value instanceof PyFloat) return Number.isFinite(value.value) ? formatRustFloat(value.value) : "null";
  if (typeof value === "bigint" && BigInt.asUintN(64, value) !== value && BigInt.asIntN(64, value) !== value) {
    return formatRustFloat(Number(value));
  }
  if (isList(value)) return `[${value.map(compactJson).join(",")}]`;
  if (isDict(value)) {
    return `{${[...value].map(([key, item]) => `${JSON.stringify(String(key))}:${compactJson(item)}`).join(",")}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
