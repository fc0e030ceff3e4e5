// Package schoolyear turns the school year at a school: classes whose years are over graduate, and the new classes are made. What
// rises by itself, because grades are derived from the year of entry, is shown with it.
//
// It promises:
//   - From 1 June on the turn to the coming school year can be planned, changed and withdrawn; it runs by itself on 1 September.
//     Once the date has passed it runs at once, when somebody has confirmed its numbers.
//   - Graduates keep account, binding and space. They are no longer counted among the school's pupils, and a school that takes them
//     on counts them: every count is exact at any moment.
//   - It goes class by class, each in a transaction of its own, and goes on where it was cut off. Nothing is done twice.
//   - For 30 days it can be taken back: the graduates come back but for those who have moved on, and new classes go that are still
//     empty and have no teacher.
//   - Nobody sees or plans the turn of a school outside their scope: there it is not found.
package schoolyear
