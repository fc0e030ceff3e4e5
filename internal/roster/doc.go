// Package roster keeps the province's schools and classes and its real-name registry (师生实名校验库): who is known, by
// which document, as a teacher or a student of which school and class.
//
// It promises:
//   - One document number is one entry in the whole province, whatever is created or imported at the same moment.
//   - Nothing can change an entry's document number; a wrong one is replaced by a new entry with all that belonged to the old
//     one (F-29).
//   - Numbers are sealed at rest, found by a keyed index, and shown masked; each look at a full one is recorded.
//   - Nobody sees or touches an entry, class or import outside their scope: there it is not found.
//   - An import takes the good rows and gives back the others with a reason each. It adds what is missing, and overwrites a
//     class or a name only where its administrator chose so, each change recorded; one that would change much of a school
//     asks for a confirmation that names how much. Cut off anywhere, it goes on where it stopped, without a row lost or taken
//     twice.
//   - Whoever imports may say which column is which; the next file of the school with the same headings is read alike.
//   - An import can be undone for a day, but for people who have become something else since; a bound entry never goes by it.
//   - A file of the registry says who took it, when and for what, as does the record; its numbers are masked unless a reason is
//     given for full ones.
//   - Who may be one person under two numbers is found by a search of a school or a county, in the background.
//
// Doors for other rooms: EntryByDocument, EntryByID, CreateEntry, ChangeEntry, SetClass, Move, Replace and Lineage for registry entries;
// ClassByID, CreateClass, Classmates and ClassesTaught for classes; SchoolByID and PlaceOfSchool for schools; Import and
// WriteRejected for files; GradeOf and SchoolYear for grades; Watch for whoever waits for people to come. Those that change something take the transaction openly.
package roster
