// SPDX-License-Identifier: MIT
// USB and CAN set up as ST's HAL does it, and with -DUNMODELLED the Ethernet and the SD card, which the emulator has only by name.
#include "stm32f4.h"

#define FS(offset) REG(0x50000000 + (offset))
#define CAN1(offset) REG(0x40006400 + (offset))

volatile uint32_t received[3];

static void wait(reg *r, uint32_t mask, uint32_t value, int line)
{
  const uint32_t start = HAL_GetTick();
  while ((*r & mask) != value) if (HAL_GetTick() - start > 10) finish(line);
}
#define WAIT(r, mask, value) wait(&(r), mask, value, __LINE__)

static void usb(void)
{
  pad(GPIOA, 11, 2, 10);
  pad(GPIOA, 12, 2, 10);
  RCC->AHB2ENR |= BIT(7);
  (void)RCC->AHB2ENR;
  // USB_DisableGlobalInt, USB_CoreInit with the embedded PHY, USB_CoreReset.
  FS(0x008) &= ~1u;
  FS(0x00c) |= BIT(6);
  WAIT(FS(0x010), BIT(31), BIT(31));
  FS(0x010) |= 1;
  WAIT(FS(0x010), 1, 0);
  FS(0x038) |= BIT(16);
  // Device mode, which takes 25 ms.
  FS(0x00c) &= ~(BIT(29) | BIT(30));
  FS(0x00c) |= BIT(30);
  uint32_t ms = 0;
  do { HAL_Delay(10); ms += 10; } while ((FS(0x014) & 1) && ms < 200);
  CHECK(ms < 200);
  // USB_DevInit.
  for (int i = 0; i < 3; i++) FS(0x104 + 4 * i) = 0;
  FS(0x038) |= BIT(19);
  FS(0xe00) = 0;
  FS(0x800) |= 0;
  FS(0x800) |= 3;
  WAIT(FS(0x010), BIT(31), BIT(31));
  FS(0x010) = BIT(5) | 0x10 << 6;
  WAIT(FS(0x010), BIT(5), 0);
  FS(0x010) = BIT(4);
  WAIT(FS(0x010), BIT(4), 0);
  FS(0x810) = FS(0x814) = FS(0x81c) = 0;
  for (int i = 0; i < 4; i++) {
    FS(0x900 + 0x20 * i) = (FS(0x900 + 0x20 * i) & BIT(31)) ? BIT(30) | BIT(27) : 0;
    FS(0x910 + 0x20 * i) = 0;
    FS(0x908 + 0x20 * i) = 0xfb7f;
    FS(0xb00 + 0x20 * i) = (FS(0xb00 + 0x20 * i) & BIT(31)) ? BIT(30) | BIT(27) : 0;
    FS(0xb10 + 0x20 * i) = 0;
    FS(0xb08 + 0x20 * i) = 0xfb7f;
  }
  FS(0x018) = 0;
  FS(0x014) = 0xbfffffff;
  FS(0x018) |= BIT(4) | BIT(11) | BIT(12) | BIT(13) | BIT(18) | BIT(19) | BIT(31) | BIT(20) | BIT(21) | BIT(3) | BIT(30) | BIT(2);
  FS(0x804) |= BIT(1);
  // FIFOs as USBD_LL_Init sizes them, then HAL_PCD_Start.
  FS(0x024) = 0x80;
  FS(0x028) = 0x40 << 16 | 0x80;
  FS(0x104) = 0x80 << 16 | 0xc0;
  NVIC_EnableIRQ(67);
  FS(0x008) |= 1;
  FS(0x804) &= ~BIT(1);
  HAL_Delay(3);
  CHECK(!(FS(0x808) & BIT(3)) && (FS(0x024) & 0xffff) == 0x80);
}

static void can(void)
{
  pad(GPIOD, 0, 2, 9);
  pad(GPIOD, 1, 2, 9);
  RCC->APB1ENR |= BIT(25);
  (void)RCC->APB1ENR;
  // HAL_CAN_Init: out of sleep, into initialisation; 42 MHz / 6 / (1 + 11 + 2) is 500 kbit/s, loop back.
  CAN1(0) &= ~2u;
  WAIT(CAN1(4), 2, 0);
  CAN1(0) |= 1;
  WAIT(CAN1(4), 1, 1);
  modify(&CAN1(0), BIT(7) | BIT(6) | BIT(5) | BIT(3) | BIT(2), BIT(4));
  CAN1(0x1c) = BIT(30) | 10 << 16 | 1 << 20 | 5;
  // HAL_CAN_ConfigFilter: bank 0, mask, 32 bits, all pass to FIFO 0.
  CAN1(0x200) |= 1;
  modify(&CAN1(0x200), 0x3f00, 14 << 8);
  CAN1(0x21c) &= ~1u;
  CAN1(0x20c) |= 1;
  CAN1(0x240) = 0;
  CAN1(0x244) = 0;
  CAN1(0x204) &= ~1u;
  CAN1(0x214) &= ~1u;
  CAN1(0x21c) |= 1;
  CAN1(0x200) &= ~1u;
  CAN1(0) &= ~1u;
  WAIT(CAN1(4), 1, 0);
  // HAL_CAN_AddTxMessage.
  CHECK(CAN1(8) & BIT(26));
  CHECK((CAN1(8) >> 24 & 3) == 0);
  CAN1(0x180) = 0x321u << 21;
  CAN1(0x184) = 4;
  CAN1(0x18c) = 0;
  CAN1(0x188) = 0x44332211;
  CAN1(0x180) |= 1;
  WAIT(CAN1(0x0c), 3, 1);
  CHECK((CAN1(8) & 3) == 3);
  received[0] = CAN1(0x1b0) >> 21;
  received[1] = CAN1(0x1b4) & 0xf;
  received[2] = CAN1(0x1b8);
  CAN1(0x0c) |= BIT(5);
  WAIT(CAN1(0x0c), 3, 0);
}

#ifdef UNMODELLED
static void unmodelled(void)
{
  // HAL_ETH_Init's software reset of the DMA, with its half second of patience; HAL_SD_Init's power and clock.
  RCC->AHB1ENR |= 7u << 25;
  REG(0x40029000) |= 1;
  const uint32_t start = HAL_GetTick();
  while (REG(0x40029000) & 1) if (HAL_GetTick() - start > 500) break;
  RCC->APB2ENR |= BIT(11);
  for (int i = 0; i < 3; i++) {
    modify((reg *)0x40012C04, 0x7fff, 118);
    REG(0x40012C00) = 3;
  }
}
#endif

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(3);
#ifdef UNMODELLED
  unmodelled();
  // The SD card in its slot goes without an answer; the rest goes on.
#endif
  usb();
  can();
  finish(0);
}
