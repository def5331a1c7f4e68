// SPDX-License-Identifier: MIT
// DMA controller registers: RM0090 section 10.5.

export const DMA_LISR: u32 = 0x00; // flags of streams 0 to 3; HISR, streams 4 to 7, follows
export const DMA_LIFCR: u32 = 0x08; // clears them; HIFCR follows

export const DMA_STREAM0: u32 = 0x10; // registers of stream 0
export const DMA_STREAM_STEP: u32 = 0x18; // from one stream's registers to the next one's

export const DMA_SxCR: u32 = 0x00;
export const DMA_SxNDTR: u32 = 0x04;
export const DMA_SxPAR: u32 = 0x08;
export const DMA_SxM0AR: u32 = 0x0c;
export const DMA_SxFCR: u32 = 0x14;

export const CR_EN: u32 = 1 << 0; // stream enable
export const CR_DMEIE: u32 = 1 << 1; // direct mode error interrupt enable
export const CR_TEIE: u32 = 1 << 2; // transfer error interrupt enable
export const CR_HTIE: u32 = 1 << 3; // half-transfer interrupt enable
export const CR_TCIE: u32 = 1 << 4; // transfer-complete interrupt enable
export const CR_DIR_MEMORY_TO_PERIPHERAL: u32 = 0b01 << 6;
export const CR_CIRC: u32 = 1 << 8; // circular mode
export const CR_MINC: u32 = 1 << 10; // memory address increments
export const CR_PSIZE_HALF_WORD: u32 = 0b01 << 11;
export const CR_MSIZE_WORD: u32 = 0b10 << 13;
export const CR_PL_VERY_HIGH: u32 = 0b11 << 16; // priority level
export const CR_MBURST_INCR4: u32 = 0b01 << 23; // memory burst of four beats
export const CR_CHSEL: u32 = 25; // channel, 3 bits

export const FCR_FTH_FULL: u32 = 0b11; // FIFO threshold
export const FCR_DMDIS: u32 = 1 << 2; // direct mode off: the FIFO is used
export const FCR_FEIE: u32 = 1 << 7; // FIFO error interrupt enable

// Flags of a stream, as they stand for stream 0; the others' are shifted, see drivers/stm32/dma.ts.
export const FLAG_FEIF: u32 = 1 << 0; // FIFO error
export const FLAG_DMEIF: u32 = 1 << 2; // direct mode error
export const FLAG_TEIF: u32 = 1 << 3; // transfer error
export const FLAG_HTIF: u32 = 1 << 4; // half transfer
export const FLAG_TCIF: u32 = 1 << 5; // transfer complete
export const FLAGS_ALL: u32 = FLAG_FEIF | FLAG_DMEIF | FLAG_TEIF | FLAG_HTIF | FLAG_TCIF;
