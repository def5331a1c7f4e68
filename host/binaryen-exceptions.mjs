// SPDX-License-Identifier: MIT
// Has Binaryen catch its exceptions in WebAssembly. Plain JavaScript, because it runs before there is any.
//
// Emscripten has made JavaScript's exceptions of those of C++: a call that one may come out of leaves WebAssembly for a function of JavaScript, a function for each signature, which makes the call
// through the table, catches, and says that it has caught. One compile makes twelve million such calls, and each crosses the border twice. Here the functions become those of a second WebAssembly
// module, the catching one, with try and catch of WebAssembly's own. It is instantiated first: table and stack pointer are the catching module's, and Binaryen imports them.

/** WebAssembly's numbers for what is read and written here. */
const SECTION = { type: 1, import: 2, function: 3, table: 4, global: 6, export: 7, code: 10 };
const KIND = { function: 0, table: 1, global: 3 };
const FUNCREF = 0x70;
const I32 = 0x7f;
const MUTABLE = 1;
const NO_RESULT = 0x40;
const OP = { try: 0x06, if: 0x04, rethrow: 0x09, end: 0x0b, call: 0x10, callIndirect: 0x11, catchAll: 0x19, localGet: 0x20, localSet: 0x21, globalGet: 0x23, i32Const: 0x41, i32Eqz: 0x45 };
/** Zero of each type of number. */
const ZERO = { 0x7f: [OP.i32Const, 0], 0x7e: [0x42, 0], 0x7d: [0x43, 0, 0, 0, 0], 0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };
/** A call as Emscripten has it: a function, by its index in the table, and its arguments. What is caught but is no number is not of C++. */
const CATCHING_CALL = /function (?<name>\w+)\((?<index>\w+)[\w,]*\)\{var (?<stack>\w+)=\w+\(\);try\{(?:return )?\w+\(\k<index>\)\([\w,]*\)\}catch\((?<thrown>\w+)\)\{if\((?<setStack>\w+)\(\k<stack>\),\k<thrown>!==\k<thrown>\+0\)throw \k<thrown>;(?<setThrown>\w+)\(1,0\)\}\}/g;

class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  byte() {
    return this.bytes[this.at++];
  }

  unsigned() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  take(length) {
    return this.bytes.subarray(this.at, this.at += length);
  }

  vector(item) {
    return Array.from({ length: this.unsigned() }, item);
  }
}

/** Of a number that is not negative, so that a further byte keeps its sign where one is read. */
function number(value, isSigned = false) {
  const bytes = [];
  for (; value >= (isSigned ? 0x40 : 0x80); value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}
const vector = (items) => [...number(items.length), ...items.flat()];
const text = (name) => [...number(name.length), ...Buffer.from(name)];
const sized = (bytes) => [...number(bytes.length), ...bytes];
const constant = (value) => [OP.i32Const, ...number(value, true)];

/** What differs from the Binaryen that this file knows, it says. */
function expect(condition, what) {
  if (!condition) throw new Error(`This Binaryen is not the one that host/binaryen-exceptions.mjs knows: ${what}.`);
}

/** Sections of a module by their numbers. */
function sectionsOf(wasm) {
  const reader = new Reader(wasm.subarray(8));
  const sections = new Map();
  while (reader.at < reader.bytes.length) sections.set(reader.byte(), reader.take(reader.unsigned()));
  return sections;
}

/** What is needed of Binaryen: types, each import's type by its name, the table's size, and where the stack begins. */
function contentsOf(sections) {
  const typeReader = new Reader(sections.get(SECTION.type));
  const types = typeReader.vector(() => {
    typeReader.byte();
    return { parameters: typeReader.vector(() => typeReader.byte()), results: typeReader.vector(() => typeReader.byte()) };
  });
  const importReader = new Reader(sections.get(SECTION.import));
  const imports = new Map(importReader.vector(() => {
    importReader.take(importReader.unsigned());
    const name = importReader.take(importReader.unsigned()).toString();
    expect(importReader.byte() === KIND.function, `${name} is imported, and is no function`);
    return [name, importReader.unsigned()];
  }));
  const tableReader = new Reader(sections.get(SECTION.table));
  expect(tableReader.unsigned() === 1 && tableReader.byte() === FUNCREF, 'it has not the one table');
  tableReader.byte();
  const tableSize = tableReader.unsigned();
  const globalReader = new Reader(sections.get(SECTION.global));
  const globalCount = globalReader.unsigned();
  expect(globalReader.byte() === I32 && globalReader.byte() === MUTABLE && globalReader.byte() === OP.i32Const, 'its first global is no stack pointer');
  const stackStart = globalReader.unsigned();
  globalReader.byte();
  return { types, imports, tableSize, stackStart, otherGlobals: [...number(globalCount - 1), ...globalReader.bytes.subarray(globalReader.at)] };
}

/** The module that catches. @param calls imports of Binaryen, by name */
function catchingModule(calls, { types, imports, tableSize, stackStart }) {
  const typeOf = (parameters, results) => {
    const index = types.findIndex((type) => `${type.parameters}` === `${parameters}` && `${type.results}` === `${results}`);
    return index < 0 ? types.push({ parameters, results }) - 1 : index;
  };
  const bodies = calls.map((name) => {
    const { parameters: [, ...parameters], results } = types[imports.get(name)];
    const stack = parameters.length + 1;
    return sized([
      ...vector([[...number(1), I32]]),
      OP.globalGet, 0, OP.localSet, stack,
      OP.try, results[0] ?? NO_RESULT,
      ...parameters.flatMap((_, i) => [OP.localGet, i + 1]), OP.localGet, 0, OP.callIndirect, ...number(typeOf(parameters, results)), 0,
      OP.catchAll,
      OP.localGet, stack, OP.call, 0, OP.i32Eqz, OP.if, NO_RESULT, OP.rethrow, 1, OP.end, ...results.flatMap((type) => ZERO[type]),
      OP.end, OP.end,
    ]);
  });
  const land = typeOf([I32], [I32]);
  return Buffer.from([
    ...Buffer.from('\0asm\x01\0\0\0'),
    SECTION.type, ...sized(vector(types.map(({ parameters, results }) => [0x60, ...vector(parameters), ...vector(results)]))),
    SECTION.import, ...sized(vector([[...text('a'), ...text('land'), KIND.function, ...number(land)]])),
    SECTION.function, ...sized(vector(calls.map((name) => number(imports.get(name))))),
    SECTION.table, ...sized(vector([[FUNCREF, 0, ...number(tableSize)]])),
    SECTION.global, ...sized(vector([[I32, MUTABLE, ...constant(stackStart), OP.end]])),
    SECTION.export, ...sized(vector([
      [...text('table'), KIND.table, 0], [...text('stack'), KIND.global, 0], ...calls.map((name, i) => [...text(name), KIND.function, ...number(i + 1)]),
    ])),
    SECTION.code, ...sized(vector(bodies)),
  ]);
}

/** Binaryen with imports in the place of its table and its first global. Both indices stay, since there are no other tables, and imports count first. */
function importing(wasm, sections, { imports, tableSize, otherGlobals }) {
  const importSection = sections.get(SECTION.import);
  const changed = new Map(sections);
  changed.delete(SECTION.table);
  changed.set(SECTION.global, Buffer.from(otherGlobals));
  changed.set(SECTION.import, Buffer.concat([
    Buffer.from(number(imports.size + 2)), importSection.subarray(number(imports.size).length),
    Buffer.from([...text('a'), ...text('table'), KIND.table, FUNCREF, 0, ...number(tableSize), ...text('a'), ...text('stack'), KIND.global, I32, MUTABLE]),
  ]));
  return Buffer.concat([wasm.subarray(0, 8), ...[...changed].flatMap(([id, body]) => [Buffer.from([id, ...number(body.length)]), body])]);
}

/**
 * Part of the loader: makes an instance of Binaryen, with imports of the catching module's.
 * @param catching that module, as base64 @param land says that something was caught, and sets the stack pointer back
 */
function instanceOf(binaryen, catching, imports, land) {
  // WebAssembly does not see what it catches. All that is thrown comes out of a function of JavaScript.
  let isOfCpp = false;
  for (const [name, call] of Object.entries(imports.a)) {
    imports.a[name] = (...args) => {
      try {
        return call(...args);
      } catch (thrown) {
        isOfCpp = typeof thrown === 'number';
        throw thrown;
      }
    };
  }
  const landIfOfCpp = (stack) => {
    if (!isOfCpp) return 0;
    isOfCpp = false;
    land(stack);
    return 1;
  };
  Object.assign(imports.a, new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(catching, 'base64')), { a: { land: landIfOfCpp } }).exports);
  return new WebAssembly.Instance(binaryen, imports);
}

/**
 * Binaryen's WebAssembly changed so that it catches its exceptions itself, and JavaScript that makes an instance of it.
 * @param loader what Emscripten made of Binaryen besides the WebAssembly
 * @returns `instance`: an expression, given those for Binaryen's module and its imports
 */
export function catchingInWasm(wasm, loader) {
  const functions = [...loader.matchAll(CATCHING_CALL)];
  expect(functions.length > 0, 'its loader catches nothing');
  const { setStack, setThrown } = functions[0].groups;
  const sections = sectionsOf(wasm);
  const contents = contentsOf(sections);
  const calls = functions.map(({ groups: { name } }) => new RegExp(`[{,]([\\w$]+):${name}[,}]`).exec(loader)?.[1]);
  expect(calls.every((name) => contents.imports.has(name)), 'a function that catches is not imported');
  const catching = catchingModule(calls, contents).toString('base64');
  return {
    wasm: importing(wasm, sections, contents),
    instance: (binaryen, imports) => `(${instanceOf})(${binaryen},"${catching}",${imports},stack=>{${setStack}(stack);${setThrown}(1,0)})`,
  };
}
