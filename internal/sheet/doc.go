// Package sheet reads the tables that people upload, .xlsx and delimited text, and writes .xlsx.
//
// It looks at what a file is, not at what it is called, streams its rows, and keeps memory bounded however long the file
// is. Nothing is ever written to disk: what is read may be personal data. A file that cannot be read is refused with a
// [Problem] that says why.
package sheet
