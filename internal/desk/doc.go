// Package desk lists all that people ask of an administrator in one place, whichever room keeps it: tickets, lost accounts,
// changes of school. It owns no table. It promises:
//
//   - What is listed and counted is what the caller may answer, and nothing else.
//   - A page is the newest requests of all kinds together; the next goes on where it ended.
package desk
