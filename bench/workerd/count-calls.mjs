// Instances of WASM whose imports and exports are counted by name. It is imported before whoever
// makes one.

export const calls = {};

const { Instance } = WebAssembly;

WebAssembly.Instance = class {
  constructor(module, imports) {
    const wrapped = Object.entries(imports).map(([from, functions]) => [from, counted("import", functions)]);
    this.exports = counted("export", new Instance(module, Object.fromEntries(wrapped)).exports);
  }
};

function counted(kind, functions) {
  const wrap = ([name, value]) => {
    if (typeof value !== "function") return [name, value];
    const key = `${kind} ${name.replace(/_[0-9a-f]{16}$/, "")}`;
    const call = (...values) => {
      calls[key] = (calls[key] ?? 0) + 1;
      return value(...values);
    };
    return [name, call];
  };
  return Object.fromEntries(Object.entries(functions).map(wrap));
}
