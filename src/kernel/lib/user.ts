/** From the entry code of the application's side: where an upcall arrives; 0 where the kernel calls the handler itself. */
export declare function upcallAddress(): u32
