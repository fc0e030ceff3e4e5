// Package resealing moves what is sealed at rest, and what is looked up by, to newer keys while the platform runs. It knows
// every sealed column, and the folders of sealed files, and changes nothing but the seal; what holds an index, package lookup knows.
//
// [Service.Rotate] puts a key into the key file, for all that is sealed from a time on: by then every process has read the
// file again. [Service.Check], which serve calls now and then, begins a background job that goes through the tables in
// bounded batches, each of which commits with the place to resume at; a row that somebody changes meanwhile is theirs, for
// they have sealed it themselves. All keys are readable until [Service.Retire] finds that nothing is sealed with one.
//
// The key of the index is changed likewise, by [Service.RotateLookUp] and [Service.RetireLookUp]. Moving an index needs nothing of
// what it was made of. Only when a key is in use is decided by the database, not by the clock, for two who write one value by
// two keys would not see each other.
package resealing
