/** The version of this package, kept equal to package.json by a test: reading the file would cost a guest's start-up. */
export const VERSION = '0.1.0'
