/** The package `onering` as applications see it. */
export * from './api/index'
