// SPDX-License-Identifier: MIT
// WM8731 codec over its two-wire interface: Wolfson's data sheet rev 4.9, register map and "Power Down" (recommended sequence). It cannot be read.

import {
  CODEC_ADDRESS, CODEC_I2C_BASE, CODEC_I2C_CLOCK_BIT, CODEC_I2C_CLOCK_REGISTER, CODEC_SCL_FUNCTION, CODEC_SCL_PIN, CODEC_SCL_PORT, CODEC_SDA_FUNCTION,
  CODEC_SDA_PIN, CODEC_SDA_PORT,
} from "../../shim/board";
import { count, Counter } from "../../shim/counters";
import { setBits } from "../../shim/registers";
import { gpioAlternate, OPEN_DRAIN, PULL_UP, SPEED_LOW } from "./gpio";
import { i2cInit, i2cWriteRegister } from "./i2c";

const LEFT_LINE_IN: u32 = 0x00;
const ANALOGUE_PATH: u32 = 0x04;
const DIGITAL_PATH: u32 = 0x05;
const POWER_DOWN: u32 = 0x06;
const INTERFACE: u32 = 0x07;
const SAMPLING: u32 = 0x08;
const ACTIVE: u32 = 0x09;
const RESET: u32 = 0x0f;

const LINE_IN_BOTH_0_DB: u32 = 0x117; // both channels, no mute
const PATH_DAC_ONLY: u32 = 0x12; // DAC to the outputs, line input to the ADC, microphone muted
const DACMU: u32 = 1 << 3; // soft mute
const POWER_OUTPUTS_OFF: u32 = 0x72; // clock output, oscillator, outputs and microphone off
const POWER_ON: u32 = 0x62;
const INTERFACE_I2S_16_BIT: u32 = 0x02; // slave
const SAMPLING_256_FS: u32 = 0x00; // normal mode, the same rate for ADC and DAC

function set(register: u32, value: u32): i32 {
  const error = i2cWriteRegister(CODEC_I2C_BASE, CODEC_ADDRESS, (register << 1) | (value >> 8), value & 0xff);
  if (error) count(Counter.i2cError);
  return error;
}

/** Resets the codec and sets it up with its outputs off. @returns 0 or a negative I2C_ code */
export function codecInit(): i32 {
  setBits(CODEC_I2C_CLOCK_REGISTER, CODEC_I2C_CLOCK_BIT);
  gpioAlternate(CODEC_SCL_PORT, CODEC_SCL_PIN, CODEC_SCL_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  gpioAlternate(CODEC_SDA_PORT, CODEC_SDA_PIN, CODEC_SDA_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  i2cInit(CODEC_I2C_BASE);
  let error = set(RESET, 0);
  if (!error) error = set(POWER_DOWN, POWER_OUTPUTS_OFF);
  if (!error) error = set(LEFT_LINE_IN, LINE_IN_BOTH_0_DB);
  if (!error) error = set(ANALOGUE_PATH, PATH_DAC_ONLY);
  if (!error) error = set(DIGITAL_PATH, 0);
  if (!error) error = set(INTERFACE, INTERFACE_I2S_16_BIT);
  return error ? error : set(SAMPLING, SAMPLING_256_FS);
}

/** Makes the interface active and powers the outputs up, last of all. @returns 0 or a negative I2C_ code */
export function codecPowerUp(): i32 {
  const error = set(ACTIVE, 1);
  return error ? error : set(POWER_DOWN, POWER_ON);
}

/** Mutes the DAC or lets it sound. @returns 0 or a negative I2C_ code */
export function codecMute(muted: bool): i32 {
  return set(DIGITAL_PATH, muted ? DACMU : 0);
}
