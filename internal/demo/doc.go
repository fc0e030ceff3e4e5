// Package demo makes a synthetic Sichuan to try the platform with: its real divisions, and in them schools, classes,
// teachers and pupils who do not exist.
//
// It promises that nothing in it is a real person's: names are put together by chance, resident ID numbers lie in areas
// that GB/T 2260 does not have, schools say 演示 in their names. The same seed and school year give the same people.
//
// [World] is the pure model; [Seed] fills a database with it and with demo accounts whose passwords are public, which is
// why a database so filled is marked and [Refuse] keeps it from being served in earnest; [Mount] and [Print] tell a
// visitor what to try; [RosterFile] writes rosters as schools hand them in.
package demo
