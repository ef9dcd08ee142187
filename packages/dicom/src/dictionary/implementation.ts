/** Who wrote a file or opened an association (PS3.7 D.3.3.2). The UID is under 2.25, so it needs no registration. */
export const IMPLEMENTATION_CLASS_UID = "2.25.218308574953217284906385271903648115734";
export const IMPLEMENTATION_VERSION_NAME = "ISOCENTER_0_1";
