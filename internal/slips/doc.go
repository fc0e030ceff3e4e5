// Package slips is the room of activation slips (激活码条): what a school prints for people who have no phone, first of all
// pupils from six years on. Whoever holds a slip makes an account with a username and password of their own and is
// verified at once; a pupil who forgot the password of such an account sets another with a new slip.
//
// It owns the table activation_slips, and reads registry entries, bindings and accounts for its lists. It promises:
//
//   - A code stands on paper alone. The database holds its keyed index, so that a slip can be printed only when its code is
//     made; printing again makes another, and the one before ends. Nothing ends unless the printing says so.
//   - A slip activates, or sets a password, once, until its day, for the one person it was printed for: account, binding and the
//     slip's use are one transaction, whatever the interleaving. Who is activated meanwhile is not touched. Until its day it says for
//     guardians as often as they need it that the school handed it to the family ([Service.Vouched]); the paper says both.
//   - A stranger learns nothing: an unknown code, an ended one and one typed wrong answer the same, and only so many are
//     tried. What a valid one shows is masked.
//   - Slips are printed by administrators of the school's scope and by the teachers of the class; nobody else can tell that
//     the class is there.
package slips
