mod code;
mod deposit;
mod every_step;
mod unbind;
