//! One world, the same arrivals, several policies side by side.
