mod cancel;
mod collect;
mod decline;
mod every_step;
mod late;
mod notice;
mod unknown;
