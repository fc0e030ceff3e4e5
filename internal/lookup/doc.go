// Package lookup says how an index of package vault is written while the key of the index is changed, and knows every column
// that holds one.
//
// Whoever reads asks for both values of an index ([vault.Vault.Asked]) as soon as the key file holds a newer key. Whoever
// writes one has [Value] or [Claim] say which, in the transaction that writes it: the one before, until [Begin] has written
// into the database that the newer key is in use, and the newer one after that. Begin waits for all who write meanwhile, so
// that nobody writes the one while another writes the other: no clock decides.
//
// Where a value may stand once only, or is written over, Claim first moves rows that hold the value of before. Thus a unique
// key sees the two as one. What nobody touches is moved in the background (package resealing).
//
// While no key is changed none of this asks the database for anything.
package lookup
