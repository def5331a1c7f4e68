// SPDX-License-Identifier: MIT
// The rule by which a board file is laid over what it inherits.

import { isDeepStrictEqual } from 'node:util';

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const nameOf = (value: Json): Json | undefined => (isObject(value) ? value.name : undefined);
const kindOf = (value: Json): string => (Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : 'a single value');

/**
 * `own` over `inherited`: scalars override, objects merge key by key, lists append.
 * @throws Error when a list would hold one entry twice (two entries with one `name` count as one), or when the two differ in kind
 */
export function merge(inherited: Json, own: Json, path = ''): Json {
  if (isObject(inherited) && isObject(own)) {
    const merged: JsonObject = { ...inherited };
    for (const [key, value] of Object.entries(own)) {
      merged[key] = key in inherited ? merge(inherited[key], value, path === '' ? key : `${path}.${key}`) : value;
    }
    return merged;
  }
  if (Array.isArray(inherited) && Array.isArray(own)) {
    for (const entry of own) {
      const twin = inherited.find((other) => isDeepStrictEqual(other, entry) || (nameOf(entry) !== undefined && nameOf(other) === nameOf(entry)));
      if (twin !== undefined) throw new Error(`${path}: ${JSON.stringify(nameOf(entry) ?? entry)} is in the inherited list already`);
    }
    return [...inherited, ...own];
  }
  if (kindOf(inherited) !== kindOf(own)) throw new Error(`${path}: found ${kindOf(own)}, wanted ${kindOf(inherited)} as inherited`);
  return own;
}
