import { isEqual } from "../python/compare";
import { Namespace, type PyValue, Undefined } from "../python/values";

/** Jinja's `loop` variable for item `index` of `items`. */
export function loopVariable(items: readonly PyValue[], index: number): Namespace {
  const at = (position: number): PyValue => {
    const item = items[position];
    return position < 0 || item === undefined ? new Undefined("there is no such item") : item;
  };
  return new Namespace(
    new Map<string, PyValue>([
      ["index", index + 1],
      ["index0", index],
      ["revindex", items.length - index],
      ["revindex0", items.length - index - 1],
      ["first", index === 0],
      ["last", index === items.length - 1],
      ["length", items.length],
      ["depth", 1],
      ["depth0", 0],
      ["previtem", at(index - 1)],
      ["nextitem", at(index + 1)],
      ["cycle", (values) => values[index % values.length] ?? null],
      ["changed", (values) => index === 0 || values.some((value) => !isEqual(value, at(index - 1)))],
    ]),
  );
}
