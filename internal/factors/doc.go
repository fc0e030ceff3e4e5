// Package factors is the room of the second factor: what an account proves besides its password. An authenticator app
// (codes of six digits, RFC 6238), passkeys (WebAuthn), and ten recovery codes for when both are out of reach.
//
// It owns the tables authenticators, passkeys, passkey_challenges and recovery_codes. Which kinds an account has, the room of
// accounts keeps too, for it decides there whether a right password is enough.
//
// What holds everywhere: nothing proves twice, no code of an app, no recovery code and no answer of a passkey; no session
// begins before the second step; whoever adds or takes away a factor has just given the password, and a factor if there was
// one; every such change is recorded and told to the account's phone.
package factors
