// Numbers and names as people read them.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** `1234567` as `1.2 MB`. */
export function size(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit === 0 && bytes === 1 ? "byte" : UNITS[unit]}`;
}

/** `1234567` as `1,234,567 bytes`. */
export function bytes(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "byte" : "bytes"}`;
}

/** `harbour at dawn.jpg` as `harbour at dawn`. */
export function title(name) {
  return name.replace(/(.)\.[^.]*$/, "$1");
}

/** `notes.pdf` as `PDF`. */
export function extension(name) {
  const [, found = ""] = /.\.([^.]{1,5})$/.exec(name) ?? [];
  return found.toUpperCase();
}
