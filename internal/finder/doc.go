// Package finder is the one box that finds a person, an account, a request or a school by whatever an administrator has at
// hand: an ID number, a name, a username, a phone, a tracking number, a school's name. It owns no table. It promises:
//
//   - Nothing is looked for by a way that the caller may not look by, and which those are is said.
//   - What is found lies within the caller's scope. That an ID number stands elsewhere is told, not where (F-27).
//   - A look by a full ID number is recorded (F-24).
//   - Every way of looking is answered by an index, but for the names of schools, which are few.
package finder
