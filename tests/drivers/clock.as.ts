export { clockInit } from "../../assembly/drivers/stm32/clock";
