export * from "../../assembly/drivers/stm32/cs43l22";
export * from "../../assembly/drivers/stm32/i2c";
