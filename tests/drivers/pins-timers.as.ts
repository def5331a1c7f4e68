export * from "../../assembly/drivers/gpio";
export * from "../../assembly/drivers/timer";
