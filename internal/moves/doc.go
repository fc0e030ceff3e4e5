// Package moves takes people from one school to another together, as an office over both decides: whole classes, ticked people, or a
// whole school that becomes part of another (并校). It is no change of school on a person's own request: nobody else approves.
//
// It promises:
//   - Whoever decides sees before what it comes to, and confirms it: a number of people, or the code of the school that ends.
//   - Who moved can be named afterwards, and moved back into the classes that they left.
//   - Nobody comes to a school that does not teach their grade, unless whoever decides says that they know.
//   - Account, binding and space go along, the history of each says so, and every count is exact at any moment.
//   - It goes in batches, each in a transaction of its own, and goes on where it was cut off. Nobody is lost or taken twice; who has
//     gone elsewhere meanwhile stays there.
//   - A school that has become part of another can be found, takes nobody, and says which school to use.
//   - Nobody moves anybody out of or into a school outside their scope: there it is not found.
package moves
