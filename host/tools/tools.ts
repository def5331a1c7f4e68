export const requireTool = async (name: string): Promise<string> => name;
