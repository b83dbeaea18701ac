export declare const FLOORS: Readonly<Record<string, number>>;
export declare function checkLayers(root: string): string[];
