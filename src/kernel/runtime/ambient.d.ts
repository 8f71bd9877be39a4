/** Functions that the AssemblyScript compiler generates: they call `visit` for every reference of an object, or of the program. */
declare function __visit_members(object: usize, cookie: u32): void
declare function __visit_globals(cookie: u32): void
