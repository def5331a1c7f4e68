// SPDX-License-Identifier: MIT
// I2C master, 100 kHz, blocking and bounded, for set-up only: RM0090 sections 27.3.3 (master mode) and 27.6.

import { irqMask, irqRestore } from "../../shim/abi";
import { PCLK1_HZ } from "../../shim/board";
import { clearBits, read, setBits, waitUntil, write } from "../../shim/registers";
import {
  CR1_ACK, CR1_PE, CR1_START, CR1_STOP, CR1_SWRST, I2C_CCR, I2C_CR1, I2C_CR2, I2C_DR, I2C_SR1, I2C_SR2, I2C_TRISE, SR1_ADDR, SR1_AF,
  SR1_ARLO, SR1_BERR, SR1_BTF, SR1_RXNE, SR1_SB, SR1_TXE, SR2_BUSY,
} from "../../regs/stm32/i2c";

/** The bus stayed busy: another master, or a line held low. */
export const I2C_BUS_BUSY: i32 = -1;
/** Nobody acknowledged the address or a byte. */
export const I2C_NOT_ACKNOWLEDGED: i32 = -2;
/** Bus error or arbitration lost. */
export const I2C_BUS_ERROR: i32 = -3;
/** The controller did not answer within a time in which it would have sent 20 bytes. */
export const I2C_TIMEOUT: i32 = -4;

const SCL_HZ: u32 = 100_000;
const PCLK1_MHZ: u32 = PCLK1_HZ / 1_000_000;

// A byte takes 90 µs, 15,120 cycles at 168 MHz, and a look at a register 4 or more.
const ATTEMPTS: i32 = 80_000;

const ERRORS: u32 = SR1_AF | SR1_BERR | SR1_ARLO;

/** Sets a controller up; its clock and pins are the caller's. */
export function i2cInit(controller: u32): void {
  // A reset releases a controller that believes the bus busy since its pins were set up.
  write(controller + I2C_CR1, CR1_SWRST);
  write(controller + I2C_CR1, 0);
  write(controller + I2C_CR2, PCLK1_MHZ);
  write(controller + I2C_CCR, PCLK1_HZ / (2 * SCL_HZ)); // standard mode: high and low are CCR periods of PCLK1 each
  write(controller + I2C_TRISE, PCLK1_MHZ + 1); // 1000 ns of rise time, plus one
  write(controller + I2C_CR1, CR1_PE);
}

/**
 * Writes two bytes, as register devices want them.
 * @param address 7-bit address
 * @returns 0 or a negative I2C_ code
 */
export function i2cWriteRegister(controller: u32, address: u32, register: u32, value: u32): i32 {
  let error = begin(controller, address << 1);
  if (!error) {
    clearAddressed(controller);
    error = sendByte(controller, register);
  }
  if (!error) error = sendByte(controller, value);
  return end(controller, error);
}

/**
 * Reads one byte of a register device; the register's number is sent in a transfer of its own.
 * @param address 7-bit address
 * @returns 0 to 255 or a negative I2C_ code
 */
export function i2cReadRegister(controller: u32, address: u32, register: u32): i32 {
  let error = begin(controller, address << 1);
  if (!error) {
    clearAddressed(controller);
    error = sendByte(controller, register);
  }
  error = end(controller, error);
  if (error) return error;

  clearBits(controller + I2C_CR1, CR1_ACK); // the only byte is not acknowledged, which ends the device's turn
  error = begin(controller, (address << 1) | 1);
  if (error) return end(controller, error);
  // Stop must be asked for before the byte has been received, else a second one is: no handler may come in between.
  const state = irqMask();
  clearAddressed(controller);
  setBits(controller + I2C_CR1, CR1_STOP);
  irqRestore(state);
  error = waitFor(controller, SR1_RXNE);
  return error ? error : <i32>read(controller + I2C_DR);
}

/** Start condition and address byte, up to the acknowledgement. SCL is held low until `clearAddressed`. */
function begin(controller: u32, addressByte: u32): i32 {
  if (!waitUntil(controller + I2C_SR2, SR2_BUSY, 0, ATTEMPTS)) return I2C_BUS_BUSY;
  setBits(controller + I2C_CR1, CR1_START);
  const error = waitFor(controller, SR1_SB);
  if (error) return error;
  write(controller + I2C_DR, addressByte);
  return waitFor(controller, SR1_ADDR);
}

/** ADDR is cleared by reading SR1, then SR2. */
function clearAddressed(controller: u32): void {
  read(controller + I2C_SR1);
  read(controller + I2C_SR2);
}

function sendByte(controller: u32, byte: u32): i32 {
  const error = waitFor(controller, SR1_TXE);
  if (error) return error;
  write(controller + I2C_DR, byte);
  return waitFor(controller, SR1_BTF);
}

/** Stop condition, and the error flags put back. */
function end(controller: u32, error: i32): i32 {
  if (error != I2C_BUS_BUSY) setBits(controller + I2C_CR1, CR1_STOP);
  if (error) write(controller + I2C_SR1, ~ERRORS);
  return error;
}

function waitFor(controller: u32, flag: u32): i32 {
  for (let i = 0; i < ATTEMPTS; i++) {
    const status = read(controller + I2C_SR1);
    if (status & SR1_AF) return I2C_NOT_ACKNOWLEDGED;
    if (status & ERRORS) return I2C_BUS_ERROR;
    if (status & flag) return 0;
  }
  return I2C_TIMEOUT;
}
