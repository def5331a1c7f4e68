export * from "../../assembly/drivers/board";
export * from "../../assembly/drivers/cs43l22";
export * from "../../assembly/drivers/uart";
export * from "../../assembly/drivers/audio-out";
export * from "../../assembly/drivers/gpio";
export * from "../../assembly/drivers/timer";
export * from "../../assembly/drivers/clock";
export * from "../../assembly/drivers/i2c";
