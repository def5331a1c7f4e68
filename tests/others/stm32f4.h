// SPDX-License-Identifier: MIT
// Registers that these firmwares use, by RM0090's and DDI 0403E's names and offsets, and the set-up that nearly all of them begin with.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))
#define BIT(n) (1u << (n))

typedef volatile uint32_t reg;

typedef struct { reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2]; } gpio_t;
#define GPIOA ((gpio_t *)0x40020000)
#define GPIOB ((gpio_t *)0x40020400)
#define GPIOC ((gpio_t *)0x40020800)
#define GPIOD ((gpio_t *)0x40020C00)
#define GPIOE ((gpio_t *)0x40021000)

typedef struct {
  reg CR, PLLCFGR, CFGR, CIR, AHB1RSTR, AHB2RSTR, AHB3RSTR, r0, APB1RSTR, APB2RSTR, r1[2], AHB1ENR, AHB2ENR, AHB3ENR, r2, APB1ENR, APB2ENR, r3[2],
    AHB1LPENR, AHB2LPENR, AHB3LPENR, r4, APB1LPENR, APB2LPENR, r5[2], BDCR, CSR, r6[2], SSCGR, PLLI2SCFGR;
} rcc_t;
#define RCC ((rcc_t *)0x40023800)

typedef struct { reg ACR, KEYR, OPTKEYR, SR, CR, OPTCR; } flash_t;
#define FLASH ((flash_t *)0x40023C00)

typedef struct { reg CR, CSR; } pwr_t;
#define PWR ((pwr_t *)0x40007000)

typedef struct { reg SR, DR, BRR, CR1, CR2, CR3, GTPR; } usart_t;
#define USART1 ((usart_t *)0x40011000)
#define USART2 ((usart_t *)0x40004400)
#define USART3 ((usart_t *)0x40004800)

typedef struct { reg CR1, CR2, OAR1, OAR2, DR, SR1, SR2, CCR, TRISE, FLTR; } i2c_t;
#define I2C1 ((i2c_t *)0x40005400)

typedef struct { reg CR1, CR2, SR, DR, CRCPR, RXCRCR, TXCRCR, I2SCFGR, I2SPR; } spi_t;
#define SPI1 ((spi_t *)0x40013000)
#define SPI3 ((spi_t *)0x40003C00)

typedef struct { reg CR, NDTR, PAR, M0AR, M1AR, FCR; } stream_t;
typedef struct { reg LISR, HISR, LIFCR, HIFCR; stream_t S[8]; } dma_t;
#define DMA1 ((dma_t *)0x40026000)
#define DMA2 ((dma_t *)0x40026400)

typedef struct { reg CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR, RCR, CCR1, CCR2, CCR3, CCR4, BDTR, DCR, DMAR, OR; } tim_t;
#define TIM1 ((tim_t *)0x40010000)
#define TIM2 ((tim_t *)0x40000000)
#define TIM3 ((tim_t *)0x40000400)
#define TIM4 ((tim_t *)0x40000800)
#define TIM5 ((tim_t *)0x40000C00)
#define TIM6 ((tim_t *)0x40001000)
#define TIM7 ((tim_t *)0x40001400)

typedef struct { reg SR, CR1, CR2, SMPR1, SMPR2, JOFR[4], HTR, LTR, SQR1, SQR2, SQR3, JSQR, JDR[4], DR; } adc_t;
#define ADC1 ((adc_t *)0x40012000)
typedef struct { reg CSR, CCR, CDR; } adc_common_t;
#define ADC ((adc_common_t *)0x40012300)

typedef struct { reg CR, SWTRIGR, DHR12R1, DHR12L1, DHR8R1, DHR12R2, DHR12L2, DHR8R2, DHR12RD, DHR12LD, DHR8RD, DOR1, DOR2, SR; } dac_t;
#define DAC ((dac_t *)0x40007400)

typedef struct { reg IMR, EMR, RTSR, FTSR, SWIER, PR; } exti_t;
#define EXTI ((exti_t *)0x40013C00)
typedef struct { reg MEMRMP, PMC, EXTICR[4], r[2], CMPCR; } syscfg_t;
#define SYSCFG ((syscfg_t *)0x40013800)

typedef struct { reg CTRL, LOAD, VAL, CALIB; } systick_t;
#define SysTick ((systick_t *)0xE000E010)
typedef struct { reg CPUID, ICSR, VTOR, AIRCR, SCR, CCR; volatile uint8_t SHP[12]; reg SHCSR, CFSR, HFSR; } scb_t;
#define SCB ((scb_t *)0xE000ED00)

static inline void NVIC_EnableIRQ(int n) { REG(0xE000E100 + 4 * (n >> 5)) = BIT(n & 31); }
static inline void NVIC_SetPriority(int n, unsigned priority)
{
  if (n < 0) SCB->SHP[(n & 15) - 4] = (uint8_t)(priority << 4);
  else *(volatile uint8_t *)(0xE000E400 + n) = (uint8_t)(priority << 4);
}
static inline void NVIC_SetPriorityGrouping(unsigned group) { SCB->AIRCR = (SCB->AIRCR & ~0xffff0700u) | 0x05FA0000 | group << 8; }
__attribute__((noreturn)) static inline void NVIC_SystemReset(void)
{
  __asm volatile ("dsb" ::: "memory");
  SCB->AIRCR = 0x05FA0000 | (SCB->AIRCR & 0x700) | BIT(2);
  __asm volatile ("dsb" ::: "memory");
  for (;;) { }
}

/** The semihosting exit of newlib's rdimon: ends the run with a code. */
__attribute__((noreturn)) static inline void finish(uint32_t code)
{
  volatile uint32_t block[2] = { 0x20026, code };
  register uint32_t r0 __asm("r0") = 0x20;
  register volatile uint32_t *r1 __asm("r1") = block;
  __asm volatile ("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
  for (;;) { }
}
#define CHECK(condition) do { if (!(condition)) finish(__LINE__); } while (0)

static inline void modify(reg *r, uint32_t clear, uint32_t set) { *r = (*r & ~clear) | set; }

/** A pad's mode: 0 input, 1 output, 2 alternate, 3 analog. */
static inline void pad(gpio_t *port, int n, unsigned mode, unsigned af)
{
  if (mode == 2) modify(&port->AFR[n >> 3], 15u << (4 * (n & 7)), af << (4 * (n & 7)));
  modify(&port->OSPEEDR, 3u << (2 * n), 3u << (2 * n));
  modify(&port->MODER, 3u << (2 * n), mode << (2 * n));
}

extern volatile uint32_t uwTick;
static inline uint32_t HAL_GetTick(void) { return uwTick; }
void HAL_Delay(uint32_t milliseconds);
/** As CubeMX's main does it: HAL_Init and SystemClock_Config, ending in 168 MHz. */
void start168(void);
