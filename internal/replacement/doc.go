// Package replacement is the room of one guided action: giving somebody whose ID number stands wrong in the registry a new
// entry with the right one (F-29).
//
// It owns no table: each room carries over what it keeps, by a door. It promises:
//
//   - The person's space goes on as it was. Account, binding, guardians, classes taught, an open change of school, open
//     tickets and unfinished requests for a lost account belong to the new entry from the moment at which the old one is gone.
//   - One transaction: nobody stands in the registry twice, or not at all, at any moment.
//   - What was printed for the old entry works no more.
//   - It is recorded with its reason, and told to the account's owner.
package replacement
