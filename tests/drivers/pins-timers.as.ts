export * from "../../assembly/drivers/stm32/gpio";
export * from "../../assembly/drivers/stm32/timer";
