// SPDX-License-Identifier: MIT
// Reads a profile that an earlier run left, and refuses what is none.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { UsageError } from '../cli/failures.js';
import { packageRoot } from '../paths.js';
import type { ProfileResult } from './profile-result.js';

const ADVICE = 'Give the profile.json that "tonewheel profile --report DIR" leaves, or what --json prints.';
const FORMAT: ProfileResult['format'] = 2;

/** The published schema of a profile. */
export const profileSchema = async (): Promise<object> =>
  JSON.parse(await readFile(join(packageRoot, 'host', 'profile', 'profile-result.schema.json'), 'utf8')) as object;

/** @throws UsageError when there is no such file, or it is no profile, or one of another version */
export async function readProfile(path: string): Promise<ProfileResult> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.code === 'EISDIR' ? 'it is a directory' : error.message;
    throw new UsageError(`old profile ${path}: ${why}. ${ADVICE}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`old profile ${path} is not JSON: ${(error as Error).message}. ${ADVICE}`);
  }
  const { kind, format } = (json ?? {}) as Partial<Record<keyof ProfileResult, unknown>>;
  if (kind !== 'tonewheel-profile') throw new UsageError(`old profile ${path}: it is no profile. ${ADVICE}`);
  if (format !== FORMAT) {
    throw new UsageError(`old profile ${path}: it has ${format === undefined ? 'no format' : `format ${JSON.stringify(format)}`}, and this version of tonewheel reads format ${FORMAT}. Make it again with this version.`);
  }
  const ajv = new Ajv({ strict: false });
  if (!ajv.validate(await profileSchema(), json)) throw new UsageError(`old profile ${path} is damaged: ${ajv.errorsText(ajv.errors, { dataVar: 'profile' })}. ${ADVICE}`);
  return json as ProfileResult;
}
