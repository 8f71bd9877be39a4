/** Entry of the worker thread on Node. */
import { servePlatform } from './worker-port.ts'

servePlatform()
