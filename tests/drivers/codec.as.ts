export * from "../../assembly/drivers/cs43l22";
export * from "../../assembly/drivers/i2c";
