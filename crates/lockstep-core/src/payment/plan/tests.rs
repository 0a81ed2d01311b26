mod caps;
mod funds;
mod storm;
