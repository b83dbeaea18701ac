/** The shortest decimal digits that read back as `value`, without the point, and the power of ten of the first digit. */
export function shortestDigits(value: number): { digits: string; exponent: number } {
  const [mantissa = "0", exponent = "0"] = Math.abs(value).toExponential().split("e");
  return { digits: mantissa.replace(".", ""), exponent: Number(exponent) };
}

function decimal(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, "0");
  return `${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1) || "0"}`;
}

function withPoint(digits: string): string {
  return digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
}

/** Python's `repr` of a finite float: `1.0`, `100000.0`, `1e+22`, `1e-05`. */
export function formatPythonFloat(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const { digits, exponent } = shortestDigits(value);
  if (exponent >= -4 && exponent < 16) return sign + decimal(digits, exponent);
  const power = Math.abs(exponent).toString().padStart(2, "0");
  return `${sign}${withPoint(digits)}e${exponent < 0 ? "-" : "+"}${power}`;
}

/** How Rust's serde_json writes a finite float: `1.0`, `0.00001`, `1e+16`, `1.5e-7`. */
export function formatRustFloat(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const { digits, exponent } = shortestDigits(value);
  if (exponent >= -5 && exponent < 16) return sign + decimal(digits, exponent);
  return `${sign}${withPoint(digits)}e${exponent < 0 ? "" : "+"}${exponent}`;
}
