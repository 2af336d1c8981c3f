/** Where the values of an evaluated node are; what it is made of is the runtime's business. */
export interface Stored {
  readonly disposed: boolean;
}
