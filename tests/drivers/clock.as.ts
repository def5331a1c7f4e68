export { clockInit } from "../../assembly/drivers/clock";
