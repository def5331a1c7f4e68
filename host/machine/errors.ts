// SPDX-License-Identifier: MIT
// What can go wrong in the machine, named the way the manual names it.

export const hex = (value: number, digits = 8): string => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;

/** Firmware touched an address with nothing behind it. */
export class BusError extends Error {
  override readonly name = 'BusError';
  constructor(readonly address: number, readonly access: 'read' | 'write', message: string) {
    super(message);
  }
}

/** Firmware touched a register that the chip has and the model has not. */
export class UnmodelledRegisterError extends BusError {
  constructor(address: number, access: 'read' | 'write', readonly register: string, what = 'the chip has this register, the emulator does not model it') {
    super(address, access, `${access} of ${register} at ${hex(address)}: ${what}`);
  }
}

/** Firmware touched an offset in a block at which the manual has no register: it was made for another chip of the family, or it errs. */
export class ReservedRegisterError extends UnmodelledRegisterError {
  constructor(address: number, access: 'read' | 'write', block: string, offset: number) {
    super(address, access, `${block}+0x${offset.toString(16)}`, 'this chip\'s manual has no register there');
  }
}

/** Firmware asked a modelled block for something that the chip can do and the model cannot. `what` names field and value. */
export class UnmodelledUseError extends BusError {
  constructor(address: number, what: string) {
    super(address, 'write', `write of ${what} at ${hex(address)}: the chip can do this, the emulator does not model it`);
  }
}
