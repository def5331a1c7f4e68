// SPDX-License-Identifier: MIT
// A tone, set up step by step, with one step left out or done wrong. The straps say which; 0 is right.

import { sine } from "../../assembly/audio/oscillators";
import { interleave } from "../../assembly/audio/output";
import { audioOutBlockDue, audioOutInit, audioOutInterrupt, audioOutStart, audioOutWrite } from "../../assembly/drivers/audio-out";
import { clockInit } from "../../assembly/drivers/clock";
import { gpioAlternate, gpioInput, gpioOutput, gpioSet, OPEN_DRAIN, PULL_NONE, PULL_UP, PUSH_PULL, SPEED_LOW, SPEED_MEDIUM } from "../../assembly/drivers/gpio";
import { i2cInit, i2cWriteRegister } from "../../assembly/drivers/stm32/i2c";
import { delay, timestampInit } from "../../assembly/drivers/timer";
import { I2SPR_MCKOE, SPI_I2SCFGR, SPI_I2SPR } from "../../assembly/regs/stm32/spi";
import { waitForInterrupt } from "../../assembly/shim/abi";
import {
  CODEC_ADDRESS, CODEC_I2C_BASE, CODEC_I2C_CLOCK_BIT, CODEC_I2C_CLOCK_REGISTER, CODEC_RESET_PIN, CODEC_RESET_PORT, CODEC_SCL_FUNCTION,
  CODEC_SCL_PIN, CODEC_SCL_PORT, CODEC_SDA_FUNCTION, CODEC_SDA_PIN, CODEC_SDA_PORT, I2S_BASE, I2S_MCK_PIN, I2S_MCK_PORT, I2S_SD_PIN, I2S_SD_PORT,
} from "../../assembly/shim/board";
import { clearBits, setBits } from "../../assembly/shim/registers";
import { readStraps } from "./straps.as";

enum Mistake { None, ResetLow, NoPowerUp, NoMasterClock, MasterClockPin, LeftJustified, DataPin, NoInitialisation, EarlyPowerUp, Mono, NoI2cClock, WrongRatio }

const FRAMES: i32 = 32;
const samples = memory.data(32 * sizeof<f32>());
const frames = memory.data(32 * 4);
let phase: u32 = 1 << 30;

function set(register: u32, value: u32): void {
  i2cWriteRegister(CODEC_I2C_BASE, CODEC_ADDRESS, register, value); // a mistake goes unnoticed
}

export function init(): void {
  const mistake = <Mistake>readStraps();
  assert(clockInit() == 0);
  timestampInit();
  assert(audioOutInit(FRAMES) == 0);
  if (mistake == Mistake.NoMasterClock) clearBits(I2S_BASE + SPI_I2SPR, I2SPR_MCKOE);
  if (mistake == Mistake.MasterClockPin) gpioInput(I2S_MCK_PORT, I2S_MCK_PIN, PULL_NONE);
  if (mistake == Mistake.LeftJustified) setBits(I2S_BASE + SPI_I2SCFGR, 1 << 4); // I2SSTD = 01
  if (mistake == Mistake.DataPin) gpioAlternate(I2S_SD_PORT, I2S_SD_PIN, 5, PUSH_PULL, PULL_NONE, SPEED_MEDIUM); // SPI3 is on 6

  gpioOutput(CODEC_RESET_PORT, CODEC_RESET_PIN);
  if (mistake != Mistake.NoI2cClock) setBits(CODEC_I2C_CLOCK_REGISTER, CODEC_I2C_CLOCK_BIT);
  gpioAlternate(CODEC_SCL_PORT, CODEC_SCL_PIN, CODEC_SCL_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  gpioAlternate(CODEC_SDA_PORT, CODEC_SDA_PIN, CODEC_SDA_FUNCTION, OPEN_DRAIN, PULL_UP, SPEED_LOW);
  i2cInit(CODEC_I2C_BASE);
  delay(1000);
  if (mistake != Mistake.ResetLow) gpioSet(CODEC_RESET_PORT, CODEC_RESET_PIN);
  delay(1);

  // DS792F2, 4.9 and 4.11
  set(0x02, 0x01);
  set(0x04, mistake == Mistake.Mono ? 0xef : 0xaf);
  set(0x05, mistake == Mistake.WrongRatio ? 0x26 : 0x80); // single speed and 136 master clocks at double speed, or automatic
  set(0x06, 0x07);
  if (mistake != Mistake.NoInitialisation) {
    set(0x00, 0x99);
    set(0x47, 0x80);
    set(0x32, 0xbb);
    set(0x32, 0x3b);
    set(0x00, 0x00);
  }
  if (mistake == Mistake.EarlyPowerUp) set(0x02, 0x9e);
  audioOutStart();
  if (mistake != Mistake.NoPowerUp && mistake != Mistake.EarlyPowerUp) set(0x02, 0x9e);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("DMA1_Stream5", 2)
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15)
function renderBlocks(): void {
  while (audioOutBlockDue()) {
    for (let i = 0; i < FRAMES; i++) {
      store<f32>(samples + (i << 2), 0.25 * sine(phase));
      phase += 40_000_000;
    }
    interleave(samples, samples, frames, FRAMES);
    audioOutWrite(frames);
  }
}
