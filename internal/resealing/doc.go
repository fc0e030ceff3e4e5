// Package resealing moves what is sealed at rest to a newer key while the platform runs. It knows every sealed column, and
// the folders of sealed files, and changes nothing but the seal.
//
// [Service.Rotate] puts a key into the key file, for all that is sealed from a time on: by then every process has read the
// file again. [Service.Check], which serve calls now and then, begins a background job that goes through the tables in
// bounded batches, each of which commits with the place to resume at; a row that somebody changes meanwhile is theirs, for
// they have sealed it themselves. All keys are readable until [Service.Retire] finds that nothing is sealed with one.
package resealing
