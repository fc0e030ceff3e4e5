// Package yearly puts together, for one calendar year, what an audit of how minors' data is protected asks for: one .zip with a
// cover to read and workbooks to check.
//
// It owns no table; all figures are read from the other rooms at the moment at which the pack is made. It promises:
//
//   - It holds what lies in the reader's scope, or in one division of it, and nothing else. What no place has (how long things are
//     kept, the chain of the record) is said to be of the whole platform.
//   - It shows no number in full, and of open requests no name.
//   - It is written as it is read, never whole in memory; where the records are too many to list, it counts them all and says that the
//     pack of each division lists its own.
//   - Whoever takes one is on record, and stands in every file.
package yearly
