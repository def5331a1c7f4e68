// SPDX-License-Identifier: MIT
// What speedscope takes, for specs of the files that are made for it.

/** https://www.speedscope.app/file-format-schema.json, written down from the types that it is made of (speedscope, src/lib/file-format-spec.ts). */
const unit = { enum: ['none', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes'] };
const profileHead = { name: { type: 'string' }, unit, startValue: { type: 'number' }, endValue: { type: 'number' } };
export const SPEEDSCOPE = {
  type: 'object', required: ['$schema', 'shared', 'profiles'],
  properties: {
    $schema: { const: 'https://www.speedscope.app/file-format-schema.json' }, name: { type: 'string' }, exporter: { type: 'string' }, activeProfileIndex: { type: 'number' },
    shared: {
      type: 'object', required: ['frames'],
      properties: {
        frames: {
          type: 'array',
          items: { type: 'object', required: ['name'], additionalProperties: false, properties: { name: { type: 'string' }, file: { type: 'string' }, line: { type: 'number' }, col: { type: 'number' } } },
        },
      },
    },
    profiles: {
      type: 'array',
      items: {
        oneOf: [
          {
            type: 'object', required: ['type', 'name', 'unit', 'startValue', 'endValue', 'samples', 'weights'], additionalProperties: false,
            properties: { ...profileHead, type: { const: 'sampled' }, samples: { type: 'array', items: { type: 'array', items: { type: 'number' } } }, weights: { type: 'array', items: { type: 'number' } } },
          },
          {
            type: 'object', required: ['type', 'name', 'unit', 'startValue', 'endValue', 'events'], additionalProperties: false,
            properties: {
              ...profileHead, type: { const: 'evented' },
              events: { type: 'array', items: { type: 'object', required: ['type', 'at', 'frame'], properties: { type: { enum: ['O', 'C'] }, at: { type: 'number' }, frame: { type: 'number' } } } },
            },
          },
        ],
      },
    },
  },
};
