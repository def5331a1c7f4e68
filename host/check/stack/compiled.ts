export async function compiledStack(_f: unknown, _n: number): Promise<any> { return { missing: 'x' }; }
