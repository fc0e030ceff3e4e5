// Package identity knows the shapes of what identifies a person or a school: documents and their numbers, personal
// names, mobile numbers, student and teacher certificate numbers, school codes.
//
// It is pure: it reads no clock of its own except where a function says so, keeps no state and touches no data. Every
// parser folds what people really type (full-width characters, stray or invisible white space, a spreadsheet's leading
// apostrophe, lower case) to one canonical form, and answers a [Problem] with a precise code when that cannot be done.
// Where a rule could not be confirmed it is lenient: a person is never refused because of an assumption.
package identity
