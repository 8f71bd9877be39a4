/** What the linker knows, as functions of module `image`; it defines the symbols `link.…`. */
import { constantFunction, type Piece } from './piece.ts'

const names = [
  'textStart',
  'textEnd',
  'rodataStart',
  'rodataEnd',
  'imageStart',
  'imageEnd',
  'segments',
  'lineTable',
]

export function image(isUserMode: boolean): readonly Piece[] {
  return [
    ...names.map((name) => constantFunction(`image.${name}`, `link.${name}`)),
    constantFunction('image.userMode', isUserMode ? 1 : 0),
  ]
}
