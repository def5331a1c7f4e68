// SPDX-License-Identifier: MIT
// CS43L22 headphone DAC over I2C: Cirrus Logic DS792F2, sections 4.6 (clocks), 4.9 (power-up sequence), 4.11 (required settings) and 7.

import {
  CODEC_ADDRESS, CODEC_I2C_BASE, CODEC_I2C_CLOCK_BIT, CODEC_I2C_CLOCK_REGISTER, CODEC_RESET_PIN, CODEC_RESET_PORT, CODEC_SCL_FUNCTION,
  CODEC_SCL_PIN, CODEC_SCL_PORT, CODEC_SDA_FUNCTION, CODEC_SDA_PIN, CODEC_SDA_PORT,
} from "../../shim/board";
import { count, Counter } from "../../shim/counters";
import { setBits } from "../../shim/registers";
import { gpioAlternate, gpioOutput, gpioSet, OPEN_DRAIN, PULL_UP, SPEED_LOW } from "./gpio";
import { i2cInit, i2cReadRegister, i2cWriteRegister } from "./i2c";
import { delay } from "./timer";

/** Another chip answered at the codec's address. I2C_ codes lie above. */
export const CODEC_WRONG_CHIP: i32 = -10;

const ID: u32 = 0x01;
const POWER_CTL_1: u32 = 0x02;
const POWER_CTL_2: u32 = 0x04;
const CLOCKING_CTL: u32 = 0x05;
const INTERFACE_CTL_1: u32 = 0x06;
const PLAYBACK_CTL_2: u32 = 0x0f;
const MASTER_VOLUME_A: u32 = 0x20;
const MASTER_VOLUME_B: u32 = 0x21;

const ID_CHIPID: u32 = 0b11100; // bits 7 to 3; the revision is below
const POWER_CTL_1_DOWN: u32 = 0x01;
const POWER_CTL_1_UP: u32 = 0x9e;
const POWER_CTL_2_HEADPHONE: u32 = 0b10_10_11_11; // headphone channels always on, speaker channels always off
const CLOCKING_CTL_AUTO: u32 = 1 << 7; // speed mode from the ratio of MCLK to LRCK
const INTERFACE_CTL_1_I2S: u32 = 0b01 << 2; // slave, I2S
const INTERFACE_CTL_1_16_BIT: u32 = 0b11;
const PLAYBACK_CTL_2_HEADPHONE_MUTE: u32 = 0b11 << 6;

const MIN_HALF_DECIBELS: i32 = -204;
const MAX_HALF_DECIBELS: i32 = 24;

// The data sheet asks for 550 ns from RESET to the first start condition; the low time is not given, 1 ms is what supplies need anyway.
const RESET_MICROSECONDS: u32 = 1000;
const START_MICROSECONDS: u32 = 1;

function set(register: u32, value: u32): i32 {
  const error = i2cWriteRegister(CODEC_I2C_BASE, CODEC_ADDRESS, register, value);
  if (error) count(Counter.i2cError);
  return error;
}

/**
 * Resets the codec and sets it up, powered down: LRCK may start only now. The time stamp must run.
 * @returns 0, CODEC_WRONG_CHIP or a negative I2C_ code
 */
export function codecInit(): i32 {
  gpioOutput(CODEC_RESET_PORT, CODEC_RESET_PIN);
  setBits(CODEC_I2C_CLOCK_REGISTER, CODEC_I2C_CLOCK_BIT);
  gpioAlternate(CODEC_SCL_PORT, CODEC_SCL_PIN, CODEC_SCL_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  gpioAlternate(CODEC_SDA_PORT, CODEC_SDA_PIN, CODEC_SDA_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  i2cInit(CODEC_I2C_BASE);
  delay(RESET_MICROSECONDS);
  gpioSet(CODEC_RESET_PORT, CODEC_RESET_PIN);
  delay(START_MICROSECONDS);

  const id = i2cReadRegister(CODEC_I2C_BASE, CODEC_ADDRESS, ID);
  if (id < 0) {
    count(Counter.i2cError);
    return id;
  }
  if (<u32>id >> 3 != ID_CHIPID) return CODEC_WRONG_CHIP;

  let error = set(POWER_CTL_1, POWER_CTL_1_DOWN);
  if (!error) error = set(POWER_CTL_2, POWER_CTL_2_HEADPHONE);
  if (!error) error = set(CLOCKING_CTL, CLOCKING_CTL_AUTO);
  if (!error) error = set(INTERFACE_CTL_1, INTERFACE_CTL_1_I2S | INTERFACE_CTL_1_16_BIT);
  return error ? error : setRequired();
}

/** The settings of section 4.11, to registers that the data sheet does not name. */
function setRequired(): i32 {
  let error = set(0x00, 0x99);
  if (!error) error = set(0x47, 0x80);
  const undocumented = error ? error : i2cReadRegister(CODEC_I2C_BASE, CODEC_ADDRESS, 0x32);
  if (undocumented < 0) return undocumented;
  error = set(0x32, undocumented | 0x80);
  if (!error) error = set(0x32, undocumented & 0x7f);
  return error ? error : set(0x00, 0x00);
}

/** Powers the outputs up. MCLK, SCLK and LRCK must run. @returns 0 or a negative I2C_ code */
export function codecPowerUp(): i32 {
  return set(POWER_CTL_1, POWER_CTL_1_UP);
}

/** Sets both channels' digital volume, -204 to 24 half decibels (-102 to 12 dB). @returns 0 or a negative I2C_ code */
export function codecVolume(halfDecibels: i32): i32 {
  const value = min(max(halfDecibels, MIN_HALF_DECIBELS), MAX_HALF_DECIBELS) & 0xff;
  const error = set(MASTER_VOLUME_A, value);
  return error ? error : set(MASTER_VOLUME_B, value);
}

/** Mutes the headphone output or lets it sound. @returns 0 or a negative I2C_ code */
export function codecMute(muted: bool): i32 {
  return set(PLAYBACK_CTL_2, muted ? PLAYBACK_CTL_2_HEADPHONE_MUTE : 0);
}
